"""What people may read of the database: one function a question, for command line, services and console."""
