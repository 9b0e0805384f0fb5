"""For tests of your own: hold an adapter, or a target, to the oracle.

    from tconv.testing import assert_conforms, cases

    @cases(ndim=[1, 2], i="1..3", k=[2, [3, 2]], s=[1, 2])
    def test_my_adapter_conforms(case):
        assert_conforms(MyAdapter(), case)

    @cases("configs/smoke.toml", targets=["torch:eager@cpu"])
    def test_torch_conforms(target, case):
        assert_conforms(target, case)

An axis on which a size is per axis needs its own number of axes: cases that do not fit are dropped.
Under pytest there is a fixture besides, `conformance`, whose worker processes end with the session:
`conformance.assert_conforms("torch", "1d-i3-k2-ci1-co1-f32")`.
"""

from tconv.testing.conformance import Conformance, assert_conforms
from tconv.testing.parameters import cases

__all__ = ["Conformance", "assert_conforms", "cases"]
