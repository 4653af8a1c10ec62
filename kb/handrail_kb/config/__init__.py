"""Finds and checks every setting, with the line it stands on."""
