"""The first hour: a business of one's own as scenario files, from a few answers."""
