"""The command line: ``touchpoint run | compare | sweep | sensitivity | optimise | query | new | check | ...``.

Data goes to standard output, everything else to standard error. Exit status: 0 well; 1 a run could not be
finished; 2 the scenario or the command is not right; 130 interrupted; 143 told to stop. What a command
needs is imported inside it, so that ``--help`` is quick.
"""

from sim.cli import compare, facts, files, new, optimise, run, sensitivity, story, sweep, verify
from sim.cli.group import main

COMMANDS = (
    *(run.run, compare.compare, new.new, files.check, files.schema, files.show, story.story, run.agree),
    *(sweep.sweep, sweep.query, sensitivity.sensitivity, optimise.optimise, verify.verify, facts.facts),
)
for command in COMMANDS:
    main.add_command(command)
