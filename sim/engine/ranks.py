"""What comes first at equal times; at equal ranks, the customer with the lower place in people does."""

REFRESH, SHIFT, DISPATCH, REFILL, SERVICE_END, PATIENCE, OCCASION = range(7)
