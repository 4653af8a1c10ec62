"""How text is compared and shown: one normal form, and the words of scripts without spaces."""
