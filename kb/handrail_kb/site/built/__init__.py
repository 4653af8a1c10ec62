"""What the service reads back from a built page: text, sections, tables and passages."""
