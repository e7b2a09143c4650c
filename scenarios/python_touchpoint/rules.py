"""Who gets a roll on the house."""


def counter(customer, touch):
    """A roll for every tenth visit, for whoever is upset, and for one in twenty by luck; 80 cents off for trying it."""
    if touch.outcome == "failed":
        return {"feels": {"resentment": 0.1}} if customer.trust < 0.4 else None
    upset = customer.feelings["frustration"] > 0.2
    if upset or customer.orders % 10 == 9 or touch.uniform("roll") < 0.05:
        return {"quality": 0.7, "feels": {"joy": 0.3, "surprise": 0.4}, "price": max(0.0, customer.spend - 0.8)}
    return None
