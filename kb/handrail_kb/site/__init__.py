"""The built site: what Handrail changes in a page, and what the service reads from it."""
