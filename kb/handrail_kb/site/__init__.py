"""The built site: what is changed in a page, and what the service reads back."""
