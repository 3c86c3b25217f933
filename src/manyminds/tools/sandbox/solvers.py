"""Solvers that programs in the sandbox may import: beams, bars, plates in plane, heat, slow flow.

SI units or any others that fit together. Each returns what its docstring says; more nodes or
elements are more exact. `print(solvers.beam.__doc__)` tells of one: bar, beam, channel_flow,
duct_flow, heat, heat_2d, plane_stress. It needs numpy only, and nothing of this project.

Source: Hughes, The Finite Element Method (1987), for the elements; White, Viscous Fluid Flow
(2006), for flow in channels and ducts.
"""

import numpy as np

__all__ = ["bar", "beam", "channel_flow", "duct_flow", "heat", "heat_2d", "plane_stress"]


def bar(length, stiffness, *, elements=50, force=0.0, load=0.0, fixed=("left",)):
    """Axial displacement of a bar by linear elements.

    Args:
        length: Of the bar.
        stiffness: Modulus times area, E*A; a number or a function of x.
        elements: How many.
        force: At the right end.
        load: Along the bar, a number or a function of x.
        fixed: "left", "right" or both.

    Returns:
        x and displacement at the nodes.
    """
    x = np.linspace(0.0, length, elements + 1)
    h = length / elements
    whole, right = np.zeros((elements + 1, elements + 1)), np.zeros(elements + 1)
    for i in range(elements):
        middle = (x[i] + x[i + 1]) / 2
        whole[i : i + 2, i : i + 2] += _at(stiffness, middle) / h * np.array([[1, -1], [-1, 1]])
        right[i : i + 2] += _at(load, middle) * h / 2
    right[-1] += force
    if not fixed or set(fixed) - {"left", "right"}:
        raise ValueError("fixed is a tuple of 'left', 'right' or both")
    held = [n for name, n in (("left", 0), ("right", elements)) if name in fixed]
    return x, _solved(whole, right, dict.fromkeys(held, 0.0))


def beam(length, stiffness, *, elements=40, load=0.0, forces=(), moments=(), supports=None):
    """Bending of a beam (Euler and Bernoulli) by cubic elements; downward loads are negative.

    Args:
        length: Of the beam.
        stiffness: Modulus times second moment of area, E*I; a number or a function of x.
        elements: How many.
        load: Along the beam, force per length; a number or a function of x.
        forces: Pairs (x, force); they act at the nearest node.
        moments: Pairs (x, moment).
        supports: From x to "fixed", "pinned" or "roller", at the nearest node; None is fixed at
            x = 0 (a cantilever).

    Returns:
        x, deflection, slope and bending moment (E*I times curvature) at the nodes; where a moment
        acts, the mean of both sides.
    """
    x = np.linspace(0.0, length, elements + 1)
    h = length / elements
    count = 2 * (elements + 1)
    whole, right = np.zeros((count, count)), np.zeros(count)
    shape = np.array([
        [12, 6 * h, -12, 6 * h], [6 * h, 4 * h * h, -6 * h, 2 * h * h],
        [-12, -6 * h, 12, -6 * h], [6 * h, 2 * h * h, -6 * h, 4 * h * h],
    ])  # fmt: skip
    for i in range(elements):
        middle = (x[i] + x[i + 1]) / 2
        part = slice(2 * i, 2 * i + 4)
        whole[part, part] += _at(stiffness, middle) / h**3 * shape
        right[part] += _at(load, middle) * np.array([h / 2, h * h / 12, h / 2, -h * h / 12])
    for place, force in forces:
        right[2 * _nearest(x, place)] += force
    for place, moment in moments:
        right[2 * _nearest(x, place) + 1] += moment
    held = {}
    if wrong := set((supports or {}).values()) - {"fixed", "pinned", "roller"}:
        raise ValueError(f"supports are fixed, pinned or roller, not {wrong.pop()!r}")
    for place, kind in ({0.0: "fixed"} if supports is None else supports).items():
        held[2 * _nearest(x, place)] = 0.0
        if kind == "fixed":
            held[2 * _nearest(x, place) + 1] = 0.0
    found = _solved(whole, right, held)
    deflection, slope = found[0::2], found[1::2]
    bending = np.zeros(elements + 1)
    share = np.zeros(elements + 1)
    for i in range(elements):
        w1, s1, w2, s2 = found[2 * i : 2 * i + 4]
        stiff = _at(stiffness, (x[i] + x[i + 1]) / 2)
        # A load on the element itself bends it, too; between nodes its share is known exactly.
        own = _at(load, (x[i] + x[i + 1]) / 2) * h * h / 12
        first = stiff * (-6 * w1 - 4 * h * s1 + 6 * w2 - 2 * h * s2) / h**2 + own
        last = stiff * (6 * w1 + 2 * h * s1 - 6 * w2 + 4 * h * s2) / h**2 + own
        bending[i] += first
        bending[i + 1] += last
        share[i : i + 2] += 1
    return x, deflection, slope, bending / share


def plane_stress(width, height, thickness, modulus, poisson, *, pull, nx=20, ny=8, fixed="left"):
    """A plate in its own plane, by bilinear elements, held at one side and pulled at the other.

    Args:
        width, height, thickness: Of the plate.
        modulus, poisson: Of its material.
        pull: Pair of stresses on the right side: along x, along y.
        nx, ny: Elements along width and height.
        fixed: "left" holds the left side whole; "slide" lets it move along y, but for one corner.

    Returns:
        Displacements along x and along y, each (ny + 1, nx + 1), from the lower left.
    """
    a, b = width / nx / 2, height / ny / 2
    matter = modulus / (1 - poisson**2) * np.array(
        [[1, poisson, 0], [poisson, 1, 0], [0, 0, (1 - poisson) / 2]]
    )  # fmt: skip
    # Shear is taken in the middle alone: elsewhere it makes such elements too stiff in bending.
    point = 1 / np.sqrt(3)
    middle = _strain(a, b, 0.0, 0.0)[2]
    element = 4 * thickness * a * b * matter[2, 2] * np.outer(middle, middle)
    for s in (-point, point):
        for t in (-point, point):
            strain = _strain(a, b, s, t)[:2]
            element += thickness * a * b * strain.T @ matter[:2, :2] @ strain
    count = (nx + 1) * (ny + 1)
    whole, right = np.zeros((2 * count, 2 * count)), np.zeros(2 * count)
    for j in range(ny):
        for i in range(nx):
            low = j * (nx + 1) + i
            nodes = [low, low + 1, low + nx + 2, low + nx + 1]
            places = [2 * n + d for n in nodes for d in (0, 1)]
            whole[np.ix_(places, places)] += element
    for j in range(ny):
        for n in (j * (nx + 1) + nx, (j + 1) * (nx + 1) + nx):
            right[2 * n : 2 * n + 2] += np.asarray(pull) * thickness * height / ny / 2
    left = [j * (nx + 1) for j in range(ny + 1)]
    if fixed not in ("left", "slide"):
        raise ValueError(f"fixed is 'left' or 'slide', not {fixed!r}")
    held = {2 * n: 0.0 for n in left} | {1: 0.0}
    if fixed == "left":
        held |= {2 * n + 1: 0.0 for n in left}
    found = _solved(whole, right, held)
    return found[0::2].reshape(ny + 1, nx + 1), found[1::2].reshape(ny + 1, nx + 1)


def _strain(a, b, s, t):
    """Return what corners' displacements make of strain, within an element of half sides a, b."""
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], dtype=float)
    along = corners[:, 0] * (1 + corners[:, 1] * t) / 4 / a
    across = corners[:, 1] * (1 + corners[:, 0] * s) / 4 / b
    strain = np.zeros((3, 8))
    strain[0, 0::2], strain[1, 1::2] = along, across
    strain[2, 0::2], strain[2, 1::2] = across, along
    return strain


def heat(length, diffusivity, *, left, right, start, source=0.0, time, nodes=101, steps=400):
    """Heat along a rod over time, by finite differences (Crank and Nicolson).

    Args:
        length: Of the rod.
        diffusivity: Conductivity over density and heat capacity.
        left, right: Temperature that each end is held at; None lets no heat through.
        start: Temperature at the beginning, a number or a function of x.
        source: Rate at which the rod is warmed (temperature per time), number or function of x.
        time: When it is wanted.
        nodes, steps: Points and steps in time.

    Returns:
        x and temperature.
    """
    x = np.linspace(0.0, length, nodes)
    h, dt = x[1] - x[0], time / steps
    second = (np.eye(nodes, k=1) - 2 * np.eye(nodes) + np.eye(nodes, k=-1)) / h**2
    second[0, :2] = np.array([-2, 2]) / h**2
    second[-1, -2:] = np.array([2, -2]) / h**2
    told = np.array([_at(source, place) for place in x], dtype=float)
    after = np.eye(nodes) - diffusivity * dt / 2 * second
    before = np.eye(nodes) + diffusivity * dt / 2 * second
    now = np.array([_at(start, place) for place in x], dtype=float)
    ends = [(0, left), (nodes - 1, right)]
    for place, held in ends:
        if held is not None:
            after[place], before[place], told[place] = np.eye(nodes)[place], np.eye(nodes)[place], 0
            now[place] = held
    # The first steps are implicit (Rannacher): a jump between start and ends would swing on and on.
    damped = np.eye(nodes) - diffusivity * dt * second
    for place, held in ends:
        if held is not None:
            damped[place] = np.eye(nodes)[place]
    for _ in range(min(4, steps)):
        now = np.linalg.solve(damped, now + dt * told)
    step = np.linalg.solve(after, np.column_stack([before, (dt * told)[:, None]]))
    for _ in range(steps - 4):
        now = step[:, :-1] @ now + step[:, -1]
    return x, now


def heat_2d(width, height, *, left, right, bottom, top, source=0.0, nx=41, ny=41):
    """Steady temperature of a rectangle whose sides are held, by finite differences.

    Args:
        width, height: Of it.
        left, right, bottom, top: Temperatures, numbers or functions of the place along the side.
        source: Heat set free over the conductivity, a number or a function of x and y.
        nx, ny: Points along each side.

    Returns:
        x, y and temperature, the last as (ny, nx).
    """
    x, y = np.linspace(0.0, width, nx), np.linspace(0.0, height, ny)
    held = np.full((ny, nx), np.nan)
    held[:, 0], held[:, -1] = [_at(left, v) for v in y], [_at(right, v) for v in y]
    held[0, :], held[-1, :] = [_at(bottom, v) for v in x], [_at(top, v) for v in x]
    return x, y, _poisson(x, y, held, source)


def channel_flow(height, viscosity, gradient, *, wall=0.0, nodes=101):
    """Slow flow between two plates (Poiseuille, and Couette where the upper one moves).

    Args:
        height: Between the plates.
        viscosity: Dynamic.
        gradient: Of the pressure along the channel; negative drives the flow forward.
        wall: Speed of the upper plate.
        nodes: Points across.

    Returns:
        y, speed at y, and flow per width.
    """
    y = np.linspace(0.0, height, nodes)
    h = y[1] - y[0]
    whole = (np.eye(nodes, k=1) - 2 * np.eye(nodes) + np.eye(nodes, k=-1)) / h**2
    speed = _solved(whole, np.full(nodes, gradient / viscosity), {0: 0.0, nodes - 1: wall})
    return y, speed, float(np.sum((speed[1:] + speed[:-1]) / 2) * h)


def duct_flow(width, height, viscosity, gradient, *, nx=61, ny=61):
    """Slow flow through a rectangular duct.

    Args:
        width, height: Of its cross-section.
        viscosity: Dynamic.
        gradient: Of the pressure along it; negative drives the flow forward.
        nx, ny: Points along each side.

    Returns:
        x, y, speed as (ny, nx), and flow.
    """
    x, y = np.linspace(0.0, width, nx), np.linspace(0.0, height, ny)
    held = np.full((ny, nx), np.nan)
    held[:, 0] = held[:, -1] = held[0, :] = held[-1, :] = 0.0
    speed = _poisson(x, y, held, -gradient / viscosity)
    cells = (speed[1:, 1:] + speed[1:, :-1] + speed[:-1, 1:] + speed[:-1, :-1]) / 4
    return x, y, speed, float(cells.sum() * (x[1] - x[0]) * (y[1] - y[0]))


def _poisson(x, y, held, source):
    """Solve -laplace(u) = source, where `held` is nan, line by line in sines along x."""
    ny, nx = held.shape
    hx, hy = x[1] - x[0], y[1] - y[0]
    inner = np.array(
        [[source(a, b) if callable(source) else source for a in x[1:-1]] for b in y[1:-1]],
        dtype=float,
    )
    inner[:, 0] += held[1:-1, 0] / hx**2
    inner[:, -1] += held[1:-1, -1] / hx**2
    inner[0, :] += held[0, 1:-1] / hy**2
    inner[-1, :] += held[-1, 1:-1] / hy**2
    n, m = nx - 2, ny - 2
    across, up = _sines(n), _sines(m)
    ex = (2 - 2 * np.cos(np.pi * np.arange(1, n + 1) / (n + 1))) / hx**2
    ey = (2 - 2 * np.cos(np.pi * np.arange(1, m + 1) / (m + 1))) / hy**2
    found = held.copy()
    found[1:-1, 1:-1] = up @ ((up @ inner @ across) / (ey[:, None] + ex[None, :])) @ across
    return found


def _sines(n):
    places = np.arange(1, n + 1)
    return np.sqrt(2 / (n + 1)) * np.sin(np.pi * np.outer(places, places) / (n + 1))


def _solved(whole, right, held):
    """Solve a linear system some of whose unknowns are held."""
    free = np.array([n for n in range(len(right)) if n not in held])
    fixed = np.array(list(held), dtype=int)
    values = np.array([held[n] for n in fixed], dtype=float)
    found = np.zeros(len(right))
    found[fixed] = values
    inner = whole[np.ix_(free, free)]
    if np.linalg.matrix_rank(inner / np.abs(inner).max(), hermitian=True) < len(free):
        raise ValueError("it can move freely: there are too few supports")
    rest = right[free] - whole[np.ix_(free, fixed)] @ values
    found[free] = np.linalg.solve(whole[np.ix_(free, free)], rest)
    return found


def _at(told, place):
    return told(place) if callable(told) else told


def _nearest(x, place):
    return int(np.argmin(np.abs(x - place)))
