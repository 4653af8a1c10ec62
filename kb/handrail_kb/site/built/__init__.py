"""What the service reads from a built page: text, sections, tables and passages."""
