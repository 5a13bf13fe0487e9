# gdb pretty-printers for Reel's tensors, shapes, dtypes and tape nodes. They only read memory: no function of the program is called,
# so they work on optimized builds and on core files.
#
# The text is part of libreel.so and loads with it once gdb trusts that file; put into ~/.config/gdb/gdbinit:
#   add-auto-load-safe-path /path/to/libreel.so
# or load it by hand: source /path/to/tensor/gdb/reel.py
import struct

import gdb
import gdb.printing

DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64", "complex64",
          "complex128"]
FORMATS = ["?", "B", "b", "h", "i", "q", "e", "H", "f", "d", "ff", "dd"]
SHOWN = 6  # numbers of a tensor
CPU, CUDA, SYMBOLIC = 0, 1, 2


def enum(value):
    return int(value.cast(gdb.lookup_type("unsigned char")))


def atomic(value):
    """The number in a std::atomic of an integer."""
    return int(value["_M_i"])


def text(pointer, length=None):
    if int(pointer) == 0:
        return ""
    return pointer.string("utf-8", "replace") if length is None else pointer.string("utf-8", "replace", length=length)


def std_string(value):
    return text(value["_M_dataplus"]["_M_p"], int(value["_M_string_length"]))


def place(where):
    """'train.cc:38' of a reel::Where, or an empty text."""
    record = where["at"]["_M_impl"]
    if int(record) == 0:
        return ""
    return "%s:%d" % (text(record["_M_file_name"]).rsplit("/", 1)[-1], int(record["_M_line"]))


def extents(shape):
    return [int(shape["dims_"][i]) for i in range(int(shape["rank_"]))]


def number(raw, dtype):
    if dtype == DTYPES.index("bfloat16"):
        value = struct.unpack("<f", b"\0\0" + raw)[0]
    else:
        parts = struct.unpack("<" + FORMATS[dtype], raw)
        if len(parts) == 2:
            return "%.6g%+.6gj" % parts
        value = parts[0]
    if isinstance(value, bool) or isinstance(value, int):
        return str(value)
    return "%.6g" % value


def values(body):
    """The first numbers as a nested list that ends in '...' where there are more."""
    dtype = enum(body["dtype"])
    size = struct.calcsize(FORMATS[dtype])
    dims = extents(body["shape"])
    strides = [int(body["strides"][i]) for i in range(len(dims))]
    data = int(body["data"])
    inferior = gdb.selected_inferior()
    left = SHOWN

    def show(axis, offset):
        nonlocal left
        if axis == len(dims):
            left -= 1
            return number(bytes(inferior.read_memory(data + offset * size, size)), dtype)
        parts = []
        for i in range(dims[axis]):
            if left <= 0:
                parts.append("...")
                break
            parts.append(show(axis + 1, offset + i * strides[axis]))
        return "[" + ", ".join(parts) + "]"

    return show(0, 0)


def node_pointer(history):
    return history.cast(gdb.lookup_type("reel::Node").pointer())


def node_origin(node):
    where = place(node["where"])
    if int(node["type"]) == 0:
        name = std_string(node["leaf"]["name"])
        return 'variable "%s"' % name if name else "variable at " + where
    return "%s at %s" % (text(node["type"]["name"]), where)


def origin(body):
    """What describe(x) says: the op and the user's line."""
    where = place(body["where"])
    if int(body["history"]) and enum(body["device"]["type"]) != SYMBOLIC:
        return node_origin(node_pointer(body["history"]))
    if int(body["made_by"]):
        return "%s at %s" % (text(body["made_by"]["name"]), where)
    return "made at " + where if where else ""


class TensorPrinter:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        pointer = self.value["body_"]
        if int(pointer) == 0:
            return "an empty Tensor"
        try:
            body = pointer.dereference()
            line = DTYPES[enum(body["dtype"])] + str(extents(body["shape"]))
            device = enum(body["device"]["type"])
            if device == CPU:
                line += " " + values(body)
            else:
                line += " on cuda:%d" % int(body["device"]["index"]) if device == CUDA else " symbolic"
            made = origin(body)
            return line + ("  <- " + made if made else "")
        except (gdb.MemoryError, IndexError, UnicodeError):
            return "a Tensor that is not alive (record at %#x)" % int(pointer)


class ShapePrinter:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        rank = int(self.value["rank_"])
        return str(extents(self.value)) if 0 <= rank <= 8 else "a Shape that is not alive"


class DTypePrinter:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        i = enum(self.value)
        return DTYPES[i] if i < len(DTYPES) else "dtype %d" % i


def op_type_name(op_type):
    """The C++ type out of '... [with O = reel::{anonymous}::Softmax]'."""
    function = text(op_type["type_name"])
    at = function.find("O = ")
    name = function[at + 4 :].split(";")[0].rstrip("]") if at >= 0 else function
    return name.replace("{anonymous}", "(anonymous namespace)")


def attribute(value):
    kind = value.type.strip_typedefs()
    if kind.code == gdb.TYPE_CODE_ARRAY:
        low, high = kind.range()
        return "[" + ", ".join(attribute(value[i]) for i in range(low, min(high, low + 7) + 1)) + "]"
    return value.format_string()


def attributes(type_name, address):
    """'{axis = 1, keepdims = false}' of the op at this address; empty where its type is not known to gdb."""
    try:
        op = gdb.Value(address).cast(gdb.lookup_type(type_name).pointer()).dereference()
    except gdb.error:
        return ""
    parts = []

    def collect(struct_value):
        for field in struct_value.type.strip_typedefs().fields():
            if field.is_base_class:
                collect(struct_value[field])
            elif hasattr(field, "bitpos"):  # not static
                parts.append("%s = %s" % (field.name, attribute(struct_value[field])))

    collect(op)
    return " {" + ", ".join(parts) + "}" if parts else ""


class NodePrinter:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        node = self.value
        if int(node["type"]) == 0:
            return node_origin(node)
        type_name = op_type_name(node["type"].dereference())
        inputs = int(node["inputs"])
        # The edges stand behind the node and the op's attributes behind the edges.
        behind = int(node.address) + node.type.sizeof + inputs * gdb.lookup_type("reel::Edge").sizeof
        line = "op = " + type_name.replace("(anonymous namespace)::", "").replace("reel::", "")
        if int(node["type"]["attribute_bytes"]):
            line += attributes(type_name, behind)
        line += ", %d input%s, at %s" % (inputs, "" if inputs == 1 else "s", place(node["where"]))
        if bool(node["released"]):
            line += ", replayed at " + place(node["released_at"])
        return line

    def children(self):
        node = self.value
        if int(node["type"]) == 0:
            return
        edge = gdb.lookup_type("reel::Edge")
        first = gdb.Value(int(node.address) + node.type.sizeof).cast(edge.pointer())
        for i in range(min(int(node["inputs"]), 8)):
            source = first[i]["from"]
            yield "input %d" % i, node_origin(source.dereference()) if int(source) else "const"


def build():
    printers = gdb.printing.RegexpCollectionPrettyPrinter("reel")
    printers.add_printer("Tensor", "^reel::Tensor$", TensorPrinter)
    printers.add_printer("Shape", "^reel::Shape$", ShapePrinter)
    printers.add_printer("DType", "^reel::DType$", DTypePrinter)
    printers.add_printer("Node", "^reel::Node$", NodePrinter)
    return printers


gdb.printing.register_pretty_printer(None, build(), replace=True)
