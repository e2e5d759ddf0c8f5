"""PyTorch tensors and modules come back from safetensors. Skipped where PyTorch is not installed."""

import collections

import pytest

from artifact_kit import read, round_trip, written
from headrace.artifacts.formats import UncarriedError

torch = pytest.importorskip("torch", reason="PyTorch is not part of the test environment")


class Scaled(torch.nn.Module):
    """A module of the project's own."""

    def __init__(self, width: int, scale: float) -> None:
        super().__init__()
        self.scale = scale
        self.inner = torch.nn.Sequential(torch.nn.Linear(width, width), torch.nn.ReLU(), torch.nn.BatchNorm1d(width))
        self.outer = torch.nn.Linear(width, width)
        self.outer.weight = self.inner[0].weight
        self.register_buffer("seen", torch.zeros(1), persistent=False)

    def forward(self, values):
        return self.outer(self.inner(values)) * self.scale


def test_a_tensor_comes_back():
    for tensor in (torch.arange(6.0).reshape(2, 3), torch.tensor(1), torch.ones(2, dtype=torch.bfloat16)):
        back = round_trip(tensor.requires_grad_(tensor.is_floating_point()))
        assert torch.equal(back, tensor)
        assert back.dtype == tensor.dtype
        assert back.requires_grad == tensor.requires_grad


def test_a_module_comes_back_with_structure_weights_and_shared_parts():
    module = Scaled(3, 0.5).eval()
    back = round_trip(module)
    values = torch.rand(4, 3)
    assert torch.equal(back(values), module(values))
    assert back.scale == 0.5
    assert not back.training
    assert back.outer.weight is back.inner[0].weight
    assert list(back.state_dict()) == list(module.state_dict())


def test_a_module_s_class_is_noted():
    _, value = written(Scaled(2, 1.0))
    assert value.classes == (f"{__name__}:Scaled",)


def test_a_state_comes_back_in_order():
    state = Scaled(3, 0.5).state_dict()
    back = round_trip(state)
    assert type(back) is collections.OrderedDict
    assert list(back) == list(state)
    assert back._metadata == state._metadata
    assert all(torch.equal(back[name], state[name]) for name in state)


def test_equal_modules_are_written_alike():
    module = Scaled(3, 0.5)
    content, value = written(module)
    assert written(read(content, value))[0] == content


def test_hooks_and_foreign_attributes_are_left_to_pickles():
    hooked = torch.nn.Linear(1, 1)
    hooked.register_forward_hook(lambda *_: None)
    with pytest.raises(UncarriedError, match="hooks"):
        written(hooked)
    strange = torch.nn.Linear(1, 1)
    strange.thing = object()
    with pytest.raises(UncarriedError, match="'thing'"):
        written(strange)
