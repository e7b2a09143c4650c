"""What a customer is and feels: small compiled functions over one customer's record.

No input or output, no clock and no engine: an engine says whose turn it is and when.
"""
