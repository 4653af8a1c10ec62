"""How text is compared: one normal form, and the words of scripts without spaces."""
