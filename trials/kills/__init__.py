"""Imports that are killed: what is left of them."""
