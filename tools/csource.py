"""Reads C well enough for the checkers: tokens, functions, prototypes. No preprocessor, no types."""
import os
import re
import signal
import subprocess

signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # so that "| head" ends the checkers quietly

TOKEN = re.compile(r'''
    (?P<id>[A-Za-z_]\w*)
  | (?P<num>\.?\d(?:[eEpP][+-]|[\w.])*)
  | (?P<str>"(?:\\.|[^"\\\n])*")
  | (?P<chr>'(?:\\.|[^'\\\n])*')
  | (?P<op>->|\+\+|--|<<=?|>>=?|&&|\|\||[-+*/%&|^=!<>]=|\.\.\.|\#\#|.)
''', re.X | re.S)

COMMENT = re.compile(r'''//(?:\\\n|[^\n])*|/\*.*?(?:\*/|\Z)|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*\'''',
                     re.S)

LOOPS = ('for', 'while')
KEYWORDS = {'if', 'else', 'for', 'while', 'do', 'switch', 'case', 'default', 'return', 'sizeof', 'goto',
            'break', 'continue', 'int', 'char', 'long', 'short', 'unsigned', 'signed', 'void', 'bool',
            'const', 'static', 'inline', 'extern', 'struct', 'union', 'enum', 'typedef', 'typeof',
            '__typeof__', '_Alignas', 'alignas', '_Static_assert', 'static_assert', '_Generic'}
FOREACH = re.compile(r'(?i)(^|_)(foreach|for_each)(_|$)')


class Token:
    __slots__ = ('kind', 'text', 'line')

    def __init__(self, kind, text, line):
        self.kind = kind
        self.text = text
        self.line = line

    def __repr__(self):
        return '%s:%d' % (self.text, self.line)


class Function:
    """One definition or prototype. body is None for a prototype."""

    def __init__(self, name, line, end, static, params, body):
        self.name = name
        self.line = line
        self.end = end
        self.static = static
        self.params = params
        self.body = body

    def length(self):
        return self.end - self.line + 1

    def complexity(self):
        """McCabe: 1 + if, for, while, case, &&, ||, ?: and loops by macro."""
        count = 1
        for t in self.body:
            if t.text in ('if', 'for', 'while', 'case', '&&', '||', '?'):
                count += 1
            elif t.kind == 'id' and FOREACH.search(t.text):
                count += 1
        return count

    def nesting(self):
        return Nesting(self.body).deepest


class Nesting:
    """Depth of if, loops and switch inside each other, with braces or without; "else if" is flat."""

    def __init__(self, tokens):
        self.t = tokens
        self.deepest = 0
        i = 0
        while i < len(tokens):
            i = self.statement(i, 0)

    def text(self, i):
        return self.t[i].text if i < len(self.t) else ''

    def statement(self, i, depth):
        word = self.text(i)
        if word == '{':
            i += 1
            while i < len(self.t) and self.text(i) != '}':
                i = self.statement(i, depth)
            return i + 1
        if word == 'if':
            i = self.inside(skip_group(self.t, i + 1), depth)
            if self.text(i) == 'else':
                if self.text(i + 1) == 'if':
                    return self.statement(i + 1, depth)
                return self.inside(i + 1, depth)
            return i
        if word in LOOPS or word == 'switch':
            i = skip_group(self.t, i + 1)
            if self.text(i) == ';':
                return i + 1
            return self.inside(i, depth)
        if word == 'do':
            i = self.inside(i + 1, depth)
            return skip_group(self.t, i + 1) + 1  # while ( … ) ;
        if word in ('case', 'default'):
            while i < len(self.t) and self.text(i) != ':':
                i += 1
            return i + 1
        if i < len(self.t) and self.t[i].kind == 'id' and word not in KEYWORDS:
            if self.text(i + 1) == ':':
                return i + 2  # a label
            if self.text(i + 1) == '(':
                after = skip_group(self.t, i + 1)
                if self.text(after) == '{':  # a loop by macro
                    return self.inside(after, depth)
        while i < len(self.t) and self.text(i) != ';':
            if self.text(i) == '}':
                return i if depth else i + 1
            i = skip_group(self.t, i) if self.text(i) in ('(', '{', '[') else i + 1
        return i + 1

    def inside(self, i, depth):
        self.deepest = max(self.deepest, depth + 1)
        return self.statement(i, depth + 1)


def blank_comments(text):
    """Comments become blanks; lines keep their numbers."""
    def blank(m):
        s = m.group(0)
        return s if s[0] in '"\'' else re.sub(r'[^\n]', ' ', s)
    return COMMENT.sub(blank, text)


def directives(text):
    """Yields (line, text) of each preprocessor directive, continued lines joined. text: no comments."""
    lines = text.split('\n')
    i = 0
    while i < len(lines):
        if lines[i].lstrip().startswith('#'):
            start, whole = i, lines[i]
            while whole.endswith('\\') and i + 1 < len(lines):
                i += 1
                whole = whole[:-1] + lines[i]
            yield start + 1, whole.strip()
        i += 1


def blank_directives(text, first_branch_only):
    """Directives become empty lines. With first_branch_only what stands after #else goes too."""
    out = []
    stack = []  # per #if: is the current branch kept?
    continued = False
    for line in text.split('\n'):
        s = line.lstrip()
        if continued or s.startswith('#'):
            if not continued:
                m = re.match(r'#\s*(if|ifdef|ifndef|elif|else|endif)\b\s*(.*)', s)
                if m:
                    word, cond = m.groups()
                    if word in ('if', 'ifdef', 'ifndef'):
                        stack.append([cond.strip() != '0', cond.strip() != '0'])
                    elif word == 'endif':
                        stack = stack[:-1]
                    elif stack:
                        stack[-1][0] = not stack[-1][1]
                        stack[-1][1] = True
            continued = line.endswith('\\')
            out.append('')
            continue
        kept = not first_branch_only or all(s[0] for s in stack)
        out.append(line if kept else '')
    return '\n'.join(out)


def tokens(text):
    """Tokens of text without comments and directives; blanks are dropped."""
    out = []
    line = 1
    for m in TOKEN.finditer(text):
        s = m.group(0)
        if not s.isspace():
            out.append(Token(m.lastgroup, s, line))
        line += s.count('\n')
    return out


def code_tokens(text):
    """Tokens of a whole file. Takes every #if branch unless the braces only balance without them."""
    plain = blank_comments(text)
    out = tokens(blank_directives(plain, False))
    if sum((t.text == '{') - (t.text == '}') for t in out):
        out = tokens(blank_directives(plain, True))
    return out


PAIR = {'(': ')', '{': '}', '[': ']'}


def skip_group(toks, i):
    """i stands on an opening bracket: index after its closing one."""
    if i >= len(toks) or toks[i].text not in PAIR:
        return i + 1
    depth = 0
    while i < len(toks):
        if toks[i].text in PAIR:
            depth += 1
        elif toks[i].text in (')', '}', ']'):
            depth -= 1
            if depth == 0:
                return i + 1
        i += 1
    return i


def split_params(toks):
    """Token lists of the parameters between the brackets; (void) and () have none."""
    out, cur, depth = [], [], 0
    for t in toks:
        if t.text in PAIR:
            depth += 1
        elif t.text in (')', '}', ']'):
            depth -= 1
        if t.text == ',' and depth == 0:
            out.append(cur)
            cur = []
        else:
            cur.append(t)
    if cur:
        out.append(cur)
    if len(out) == 1 and [t.text for t in out[0]] == ['void']:
        return []
    return out


def declarator(decl):
    """(index of the name, index of its bracket) of a function declaration, or None."""
    found = None
    i = 0
    while i < len(decl):
        t = decl[i]
        if t.kind == 'id' and i + 1 < len(decl) and decl[i + 1].text == '(' and \
                t.text not in KEYWORDS and t.text not in ('__attribute__', '_Noreturn', '_Atomic'):
            if t.text != t.text.upper():
                return i, i + 1
            found = found or (i, i + 1)
        i = skip_group(decl, i) if t.text in PAIR else i + 1
    return found


def make_function(decl, body, end):
    where = declarator(decl)
    if not where:
        return None
    name, bracket = where
    close = skip_group(decl, bracket)
    words = {t.text for t in decl[:name]}
    return Function(decl[name].text, decl[0].line, end, 'static' in words,
                    split_params(decl[bracket + 1:close - 1]), body)


def functions(toks):
    """(definitions, prototypes) at file level."""
    defs, protos = [], []
    decl = []
    i = 0
    while i < len(toks):
        t = toks[i]
        if t.text == '{':
            words = [d.text for d in decl]
            if words[:1] == ['extern'] and len(decl) == 2 and decl[1].kind == 'str':
                decl = []
                i += 1
                continue
            end = skip_group(toks, i)
            if '=' not in words and words[-1:] == [')'] and 'typedef' not in words:
                f = make_function(decl, toks[i + 1:end - 1], toks[end - 1].line)
                if f:
                    defs.append(f)
                    decl = []
                    i = end
                    continue
            decl = decl + [t]  # a type's body or an initialiser: keep only that there is one
            i = end
            continue
        if t.text in (';', '}'):
            words = [d.text for d in decl]
            if t.text == ';' and '=' not in words and 'typedef' not in words and '{' not in words:
                f = make_function(decl, None, t.line)
                if f and f.name not in KEYWORDS:
                    protos.append(f)
            decl = []
        else:
            decl.append(t)
        i += 1
    return defs, protos


class Source:
    """One C file. path is relative to the root."""

    def __init__(self, root, path):
        self.path = path
        with open(os.path.join(root, path), encoding='utf-8', errors='replace') as f:
            self.text = f.read()
        self.plain = blank_comments(self.text)
        self.tokens = code_tokens(self.text)
        self.defs, self.protos = functions(self.tokens)

    def layer(self):
        """'engine' for src/engine/x.c, 'main' for src/main.c, '' outside src."""
        parts = self.path.split('/')
        if parts[0] != 'src':
            return ''
        return parts[1] if len(parts) > 2 else os.path.splitext(parts[1])[0]

    def calls(self, names):
        """Yields the tokens that call one of names (not members of that name, not declarations' types)."""
        for i, t in enumerate(self.tokens[:-1]):
            if t.kind == 'id' and t.text in names and self.tokens[i + 1].text == '(' and \
                    (i == 0 or self.tokens[i - 1].text not in ('.', '->')):
                yield t


def root_dir():
    return os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def repository_files(root):
    """Paths of all files that are or would be in the repository, sorted."""
    if os.path.exists(os.path.join(root, '.git')):
        p = subprocess.run(['git', '-C', root, 'ls-files', '-co', '--exclude-standard', '-z'],
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if p.returncode == 0:
            names = p.stdout.decode('utf-8', 'replace').split('\0')
            return sorted({n for n in names if n and os.path.isfile(os.path.join(root, n))})
    out = []
    for folder, dirs, files in os.walk(root):
        dirs[:] = [d for d in dirs if d != '.git' and not d.startswith('build') and d != '__pycache__']
        out += [os.path.relpath(os.path.join(folder, f), root) for f in files]
    return sorted(out)


def c_files(root, *folders):
    return [f for f in repository_files(root)
            if f.endswith(('.c', '.h')) and f.split('/')[0] in folders]


class Report:
    """Collects findings; done() prints them and gives the exit status."""

    def __init__(self):
        self.found = []

    def add(self, path, line, text):
        self.found.append((path, line, text))

    def done(self):
        for path, line, text in sorted(set(self.found)):
            print('%s:%d: %s' % (path, line, text) if line else '%s: %s' % (path, text))
        return 1 if self.found else 0
