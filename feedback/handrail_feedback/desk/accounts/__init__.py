"""The pages of the desk for one's own account, and for leads what happened to all of them."""
