"""The models of the folder that tests of `check` and of the configuration work in."""

from __future__ import annotations

ERROR, WARNING, HEALTHY = "const_true.pb", "slim_resnet.pb", "tfkeras_inference.pb"
"""Named after the worst that `check` finds in each."""
