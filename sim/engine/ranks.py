"""What comes first at equal times; at equal ranks, the customer with the lower place in people does."""

REFRESH, DISPATCH, REFILL, SERVICE_END, PATIENCE, OCCASION = range(6)
