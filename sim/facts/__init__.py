"""Published facts about customers, and small experiments that show whether the simulated ones keep to them."""
