"""Slow and obviously right: what the library's shortcuts are held against."""
