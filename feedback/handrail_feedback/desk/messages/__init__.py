"""The pages of the desk for agents."""
