"""Every fixture gives exactly the findings that this table states.

Written from what each fixture is for (`fixtures/README.md`): a switch is BN103, or BN104 where its default
trains; training mode in the file BN101, or BN102 where the statistics went; and so on.
"""

from __future__ import annotations

from collections import Counter

import pytest

from bninspect.batchnorm import inspect
from bninspect.graph import load
from bninspect.models.restore import load as with_values
from bninspect.rules import Case, judge
from tests.support.places import FIXTURES
from tests.support.tables import fixtures

NO_GRAPHS = {"model.keras", "model.h5", "model_115.h5", "model_keras225.h5"}
SILENT = """
const_false.pb fixed_inference_fused_115.pb fixed_inference_decomposed_115.pb keras3_inference.pb
tfkeras_inference.pb tfkeras_dense.pb epsilon_zero_2.pb epsilon_zero_115.pb ewma_inference.pb
formula_inference.pb slim_inference.pb while_inside.pb while_beside.pb while_v2.pb saved_module saved_tfkeras
global_stored.pb global_refused.pb half_v2.pb half_v3.pb fused_relu.pb colocation_lost.pb unused_layer.pb
lookalikes.pb train_untrainable_14.meta train_fixed.meta ewma.meta train_inference.meta
train_statistics_trainable.meta layer_norm.pb layer_norm_rows.pb layer_norm_keras3.pb group_norm.pb
group_norm_keras3.pb group_norm_fused.pb instance_norm.pb l2_normalize.pb rms_norm.pb pixel_norm.pb
contrib_layer_norm.pb contrib_instance_norm.pb contrib_group_norm.pb
"""
SWITCHED = """
layers_fused_14.pb layers_fused_115.pb layers_fused_2.pb layers_fused_if_2.pb layers_decomposed_14.pb
layers_decomposed_115.pb layers_decomposed_2.pb dropout_decoy_14.pb
dropout_decoy_115.pb net_mixed_14.pb net_mixed.pb negated.pb default_false.pb int_equal.pb int_cast.pb
and_const_true.pb and_two.pb slim_14.pb tfkeras_if.pb tfkeras_lowered.pb learning_phase_2.pb
cond_statistics.pb cond_chains.pb cond_nets.pb formula_switched.pb no_gamma_fused.pb no_beta_fused.pb
no_gamma.pb no_beta.pb neither.pb dense.pb conv3d.pb nchw.pb nchw_decomposed.pb half.pb half_decomposed.pb
frozen_backbone.pb while_inside_switched.pb colocated.pb text.pbtxt text_same.pb keras225_phase.pb
keras225_phase_dense.pb keras225_net.pb tfkeras_phase_115.pb tfkeras_phase_decomposed_115.pb contrib_fused.pb
contrib_decomposed.pb renorm.pb slim_resnet.pb train.meta variable_predicate.meta checkpoint/model.ckpt.meta
saved_model_115 stateless_if.pb stateless_if_negated.pb stateless_if_statistics.pb stateless_if_net.pb
while_v2_beside.pb nested_functions.pb default_stripped_if.pb names_lie.pb
"""
BAKED = """
variable_predicate.pb const_true.pb fixed_training_fused_2.pb is_training_absent.pb is_training_absent.pbtxt
average_factor.pb
"""
PRUNED = """
fixed_training_fused_14.pb fixed_training_fused_115.pb fixed_training_decomposed_14.pb
fixed_training_decomposed_115.pb fixed_training_decomposed_2.pb formula_training.pb old_moments.pb
global_moments.pb default_stripped.pb mixed_modes.pb
"""
TRAINED_WELL = """
wired_14 wired_115 untrainable_wired_14 ewma_called_14 ewma_called_115 slim_14
slim_115 slim_forced_115 slim_debiased_115
format_v1_14 sharded_115 restored_averages_115
"""
NOT_UPDATED = """
unwired_14 unwired_115 untrainable_wired_115 untrainable_unwired_14 untrainable_unwired_115
untrainable_wired_2 ewma_not_called_14 ewma_not_called_115
"""
NEVER_UPDATED = "inference_14 inference_115 inference_untrainable_14 inference_untrainable_115"
TRAINING = {
    **dict.fromkeys(TRAINED_WELL.split(), ""),
    **dict.fromkeys(NOT_UPDATED.split(), "BN301"),
    # Nothing but their start to infer with, and so they train.
    **dict.fromkeys(NEVER_UPDATED.split(), "BN201"),
    "switched_115": "BN103",
    "switched_2": "BN103",
    # A decay of 0.5.
    "cond_ema_14": "BN103 BN304",
    "cond_ema_115": "BN103 BN304",
    "slow_115": "BN304",
    "averages_115": "BN305",
    "not_saved_115": "BN303",
}
"""With the checkpoint of their last step."""
OTHERS = {
    "classic.pb": "BN103 BN201",
    "classic_net.pb": "BN103 BN201",
    "train_unwired.meta": "BN103 BN301",
    "train_untrainable_115.meta": "BN301",
    "default_true.pb": "BN104",
    "negated_default_false.pb": "BN104",
    "two_switches.pb": "BN103 BN103 BN105",
    "layers_decomposed_if_2.pb": "BN103 BN114",
    "cond_ema_14.pb": "BN103 BN107",
    "cond_ema_115.pb": "BN103 BN107",
    "contrib_forced_updates_14.pb": "BN103 BN107",
    "contrib_forced_updates.pb": "BN103 BN107",
    "tfkeras_if_assign.pb": "BN103 BN107 BN107",
    "ewma_training.pb": "BN101 BN107",
    "tfkeras_training.pb": "BN101 BN101",
    # The statistics are in the file, and without the updates nothing says that they are this layer's.
    "keras3_training.pb": "BN102 BN102",
    "keras3_training_assign.pb": "BN101 BN101 BN107 BN107",
    "saved_training": "BN101 BN108",
    "siamese.pb": "BN103 BN109",
    "siamese_decomposed.pb": "BN103 BN109",
    "called_twice.pb": "BN109",
    "blended.pb": "BN111",
    "foreign_statistics.pb": "BN111",
    "folded.pb": "BN112",
    "standardized.pb": "BN112",
}
TABLE = {
    **dict.fromkeys(SILENT.split(), ""),
    **dict.fromkeys(SWITCHED.split(), "BN103"),
    **dict.fromkeys(BAKED.split(), "BN101"),
    **dict.fromkeys(PRUNED.split(), "BN102"),
    **OTHERS,
    **{f"training/{name}/model.ckpt-20.meta": codes for name, codes in TRAINING.items()},
}


_SAVED = ("saved_model_115", "saved_module", "saved_tfkeras", "saved_training")


def test_the_table_is_whole() -> None:
    assert set(TABLE) == {row.file for row in fixtures()} - NO_GRAPHS


@pytest.mark.parametrize("file", sorted(TABLE))
def test_findings(file: str) -> None:
    read = with_values if file.startswith("training/") else load
    found = judge(Case(report=inspect(read(str(FIXTURES / file))))).findings
    beside = read is load and file.endswith((".meta", *_SAVED))  # variables, of which the graph alone is read
    expected = [*TABLE[file].split(), *(["BN113"] if beside else [])]
    assert Counter(finding.code for finding in found) == Counter(expected)
