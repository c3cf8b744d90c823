"""How the kernels are compiled."""

from numba import njit

from embcourse.compiling import cached_njit

# The kernels allocate nothing and keep nothing. Without numba's reference counts on the arrays that
# they hand on, which would cost more than the arithmetic, they run three times as fast.
kernel = cached_njit(nogil=True, error_model="numpy", _nrt=False)
inlined = njit(  # type: ignore[call-overload]  # the stub knows public options only
    forceinline=True, error_model="numpy", _nrt=False
)
