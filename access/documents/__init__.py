"""The letter's documents: Form 1 and Form 2 as Word files, lists read back, signed PDFs, and where they lie.

Files in, findings out: nothing here knows Kafka, the database or an account. Imports ``producers``' readers
of workbooks, ``schemas`` and ``runtime``; the access service and the command line import it.

``form1`` ``form2``  what stands in a form, and what is wrong with it
``against``          the same against the organisation of a day
``data_files``       a form's data from JSON
``printing`` ``pdf`` a form as a Word file, and as PDF by LibreOffice
``list_file``        a Form 2 list from .docx or .xlsx, read apart; ``comparing``: against the batch
``signed_pdf``       who signed a PDF, and whether it holds; ``signed_pdf_child``: the process that says so;
                     ``pdf_letters``: its text; ``trust``: whose signatures count
``signed_text``      that text against what an act says of it
``kept``             the files themselves, under their SHA-256; ``received``: judged, then kept
"""
