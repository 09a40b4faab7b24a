"""Measures how fast the product is: real processes, real databases, each figure beside a baseline from the same run."""
