"""The pages of the desk for support leads."""
