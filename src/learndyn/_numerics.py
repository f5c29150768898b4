"""Removable singularities, each once, right in value and in gradient."""
