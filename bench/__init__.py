"""Measures how fast the product is: real processes, real databases, each figure beside a baseline of the same run."""
