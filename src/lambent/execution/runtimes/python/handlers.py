"""From the handler's name to the function: imported as AWS's runtime does it, with its errors."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from lambent.execution.runtimes.python import faults
from lambent.execution.runtimes.python.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable


def load(name: str) -> Callable[[Any, Any], Any]:
    """The handler `module.function` or `package/module.function`.

    Raises:
        Fault: the name, the import or the function is wrong.
        Exception: what the module itself raises while it is imported.
    """
    module_name, function_name = _split(name)
    if module_name.split(".")[0] in sys.builtin_module_names:
        message = f"Cannot use built-in module {module_name} as a handler module"
        raise Fault(faults.BUILT_IN_MODULE_CONFLICT, message)
    module = _import(module_name)
    try:
        function: Callable[[Any, Any], Any] = getattr(module, function_name)
    except AttributeError:
        message = f"Handler '{function_name}' missing on module '{module_name}'"
        raise Fault(faults.HANDLER_NOT_FOUND, message) from None
    return function


def _split(name: str) -> tuple[str, str]:
    try:
        module_name, function_name = name.rsplit(".", 1)
    except ValueError as error:
        message = f"Bad handler '{name}': {error}"
        raise Fault(faults.MALFORMED_HANDLER_NAME, message) from None
    return module_name, function_name


def _import(module_name: str) -> Any:
    try:
        return importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        message = f"Unable to import module '{module_name}': {error}"
        raise Fault(faults.IMPORT_MODULE_ERROR, message) from None
    except SyntaxError as error:
        message = f"Syntax error in module '{module_name}': {error}"
        trace = [f'  File "{error.filename}" Line {error.lineno}\n    {error.text}']
        raise Fault(faults.USER_CODE_SYNTAX_ERROR, message, trace) from None
