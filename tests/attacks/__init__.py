"""What somebody with a valid login, a stolen one or none may try: each attack, and the tests that refuse it.

``test_list`` says that they are there. Attacks that belong to no one room have their tests in this folder.
"""
