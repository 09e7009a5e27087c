"""The programs outside Python, and the cache of what they made."""
