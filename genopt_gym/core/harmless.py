"""What of Python and of libraries a component may use without reaching beyond its own names; see ``reach``."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


HARMLESS = _words("""
    __future__ abc array base64 binascii bisect calendar cmath collections colorsys contextlib copy csv dataclasses
    datetime decimal difflib enum fractions functools graphlib hashlib heapq html itertools json keyword math numbers
    operator pprint queue random re reprlib secrets statistics string struct textwrap time typing unicodedata uuid
    zlib zoneinfo
""")
"""Modules of the standard library that give access to nothing else."""
LIBRARIES = _words("numpy pandas scipy sklearn lightgbm")
PANDAS_TYPES = "pandas.api.types"
"""Has the name of another module, and is none."""
IN_PART = {
    "sys": _words("maxsize float_info maxunicode version_info byteorder getrecursionlimit"),
    "types": _words("SimpleNamespace MappingProxyType NoneType"),
    "ast": _words("literal_eval"),
    "io": _words("StringIO BytesIO"),
}
"""Of other modules, what is as harmless."""
KEEPS_STATE = {
    "warnings": _words("filterwarnings simplefilter warn catch_warnings resetwarnings"),
    "sys": _words("setrecursionlimit"),
}
"""What changes nothing of another component's, but outlives the trial."""
SETTINGS = _words("""
    getcontext setcontext localcontext DefaultContext seterr seterrcall set_printoptions setbufsize set_option
    option_context reset_option set_config config_context setfirstweekday register_dialect unregister_dialect
    field_size_limit register_namespace reset_tzpath set_state register
""")
"""Attributes of libraries that set something for a whole process."""
FILES = _words("""
    save savez savez_compressed savetxt tofile memmap dump load loadtxt genfromtxt fromfile to_csv to_pickle to_json
    to_parquet read_csv read_pickle read_json
""")
"""Those that use files."""
OF_NAMED_TUPLES = _words("_replace _asdict _make _fields _field_defaults")
"""Private names that are meant to be used."""
LEADS_ON = _words("""
    gi_frame gi_code gi_yieldfrom cr_frame cr_code cr_await cr_origin ag_frame ag_code ag_await tb_frame f_back
    f_globals f_locals f_builtins f_code f_trace mro attrgetter methodcaller Formatter get_type_hints ForwardRef eval
    query as_strided ctypeslib f2py
""")
"""Attributes that lead from any value to others' names, or run text."""
BUILTINS = {
    **dict.fromkeys(("exec", "eval", "compile", "vars", "locals", "globals", "setattr", "delattr", "getattr"), True),
    **dict.fromkeys(("breakpoint", "help", "input"), True),
    "open": False,
}
"""Built-in functions by what they reach: others' names (True), or only files."""
CHANGES_CLASS = _words("dataclass total_ordering update_wrapper wraps unique")
"""Functions that set attributes of what they are called with."""
CHANGES = _words("""
    update append setdefault pop clear add insert extend remove discard popitem sort reverse appendleft extendleft
""")
"""Methods that change what they belong to."""
_OPERATORS = """
    init new name qualname doc version len length_hint iter next reversed call getitem setitem delitem contains missing
    eq ne lt le gt ge hash bool repr str format int float complex index round trunc floor ceil neg pos abs invert add
    radd iadd sub rsub isub mul rmul imul matmul rmatmul imatmul truediv rtruediv itruediv floordiv rfloordiv ifloordiv
    mod rmod imod divmod rdivmod pow rpow ipow and rand iand or ror ior xor rxor ixor lshift rshift enter exit post_init
    copy deepcopy slots match_args class
"""
READ = frozenset(f"__{name}__" for name in _OPERATORS.split())
"""Double-underscore names that may be used."""
DEFINED = READ | _words("__getattr__ __setattr__ __get__ __set__ __set_name__ __class_getitem__")
"""Those that may be defined, in a class of one's own."""
