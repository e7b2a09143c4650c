"""A small shop for sweeps that are killed or run elsewhere."""

KIOSK = """\
name: Kiosk
horizon: {days} d
as_stated: false
population: {{size: {size}}}
customers:
  needs: {{mean: 2 per week, cv: 0.6}}
  leaves: 20 % per year
  spends: {{mean: 3.50, cv: 0.4}}
touchpoints:
  buy:
    stage: purchase
    quality: {{mean: 0.2, sd: 0.3}}
    feels: {{joy: 0.2}}
    fails: {{chance: 5 %, severity: 0.4, feels: {{frustration: 0.4}}}}
    sells: {{price: own_spend, margin: 30 %}}
journeys:
  visit:
    starts_on: {{need: {{becomes: buy, usually: 60 %}}}}
    steps:
      buy: {{next: end}}
"""
