"""A small market for tests of the language: made of plain arrays, independent of the product's own views."""
