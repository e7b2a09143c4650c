"""Tables to numbers: retention, KPIs, experience. Pure functions; import the module you need."""
