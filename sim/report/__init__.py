"""Numbers to pictures, tables and words. Import the module you need: pictures load matplotlib."""
