"""What people see: Django, and nothing but Django here."""
