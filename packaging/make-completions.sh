#!/bin/sh
# Writes the completions of one shell on standard output, from the program's own help texts:
# make-completions.sh bash|zsh|fish SUAN_BINARY
set -eu
shell=${1:?usage: make-completions.sh bash|zsh|fish SUAN_BINARY}
suan=${2:?usage: make-completions.sh bash|zsh|fish SUAN_BINARY}

"$suan" --help >/dev/null

# NAME<tab>SUMMARY of each command.
commands() { "$suan" --help | sed -n 's/^  \([a-z][a-z-]*\)  *\(.*\)/\1\t\2/p'; }

# NAME<tab>LETTER<tab>VALUE<tab>HELP of each option of a command; LETTER and VALUE may be "-".
options() {
	"$suan" "$1" --help | awk '
	/^  (-.,|   ) --[a-z]/ {
		letter = substr($0, 3, 1) == "-" ? substr($0, 4, 1) : "-"
		rest = substr($0, 9)
		match(rest, /^[a-z0-9-]+/)
		name = substr(rest, 1, RLENGTH)
		rest = substr(rest, RLENGTH + 1)
		value = "-"
		if (match(rest, /^ [A-Z][A-Z:,=]*/)) {
			value = substr(rest, 2, RLENGTH - 1)
			rest = substr(rest, RLENGTH + 1)
		}
		sub(/^ +/, "", rest)
		if (!(name in seen))
			printf "%s\t%s\t%s\t%s\n", name, letter, value, rest
		seen[name] = 1
	}'
}

# Words that may follow an option, and words that may follow a command.
option_words() {
	cat <<-EOT
	state	PENDING STAGING RUNNING COMPLETED FAILED TIMEOUT OUT_OF_MEMORY CANCELLED PREEMPTED UNKNOWN
	role	viewer user operator site admin
	policy	suan easy fcfs conservative sjf ljf f1 wfp3
	estimates	user perfect predicted
	store	sqlite memory
	log-level	debug info warn error
	log-format	text json
	guarantee	lease at-most-once at-least-once
	EOT
}
command_words() {
	cat <<-EOT
	token	create list revoke
	site	show drain resume
	config	check
	EOT
}

tab=$(printf '\t')

bash_completion() {
	names=$(commands | cut -f 1 | tr '\n' ' ')
	cat <<-EOT
	# bash completion for suan; made by make-completions.sh

	_suan()
	{
	    local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} words=
	    [ "\$cur" = = ] && cur=
	    [ "\$prev" = = ] && prev=\${COMP_WORDS[COMP_CWORD-2]}
	    if [ "\$COMP_CWORD" = 1 ]; then
	        COMPREPLY=(\$(compgen -W "${names}help --help --version" -- "\$cur"))
	        return
	    fi
	    case \$prev in
	EOT
	option_words | while IFS=$tab read -r o w; do
		echo "    --$o) COMPREPLY=(\$(compgen -W \"$w\" -- \"\$cur\")); return ;;"
	done
	echo '    esac'
	echo '    case ${COMP_WORDS[1]} in'
	echo "    help) words=\"$names\" ;;"
	commands | while IFS=$tab read -r c s; do
		verbs=$(command_words | sed -n "s/^$c$tab//p")
		echo "    $c) words=\"$(options "$c" | cut -f 1 | sed 's/^/--/' | tr '\n' ' ')\""
		[ -z "$verbs" ] ||
			echo "        [ \"\$COMP_CWORD\" = 2 ] && words=\"$verbs \$words\""
		echo '        ;;'
	done
	cat <<-'EOT'
	    esac
	    case $cur in
	    -* | '') [ "$COMP_CWORD" -gt 2 ] && [ -z "$cur" ] || COMPREPLY=($(compgen -W "$words" -- "$cur")) ;;
	    *) [ "$COMP_CWORD" = 2 ] && COMPREPLY=($(compgen -W "${words%%--*}" -- "$cur")) ;;
	    esac
	} &&
	complete -o default -F _suan suan
	EOT
}

# Inside of a string in single quotes, in square brackets or behind a colon.
zsh_text() { printf '%s' "$1" | sed "s/'/'\\\\''/g; s/[]:[]/\\\\&/g"; }

zsh_completion() {
	echo '#compdef suan'
	echo '# zsh completion for suan; made by make-completions.sh'
	echo
	echo '_suan() {'
	echo '    local -a commands options'
	echo '    commands=('
	commands | while IFS=$tab read -r c s; do echo "        '$c:$(zsh_text "$s")'"; done
	echo '    )'
	echo '    if (( CURRENT == 2 )); then'
	echo "        _describe command commands"
	echo '        return'
	echo '    fi'
	echo '    case ${words[CURRENT-1]} in'
	option_words | while IFS=$tab read -r o w; do echo "    --$o) compadd $w; return ;;"; done
	echo '    esac'
	echo '    case $words[2] in'
	commands | while IFS=$tab read -r c s; do
		verbs=$(command_words | sed -n "s/^$c$tab//p")
		echo "    $c)"
		[ -z "$verbs" ] || echo "        (( CURRENT == 3 )) && compadd $verbs"
		echo '        options=('
		options "$c" | while IFS=$tab read -r name letter value help; do
			echo "            '--$name:$(zsh_text "$help")'"
		done
		echo '        )'
		echo '        ;;'
	done
	echo '    help) _describe command commands; return ;;'
	echo '    esac'
	echo '    if [[ $words[CURRENT] == -* ]]; then'
	echo '        _describe -o option options'
	echo '    else'
	echo '        _files'
	echo '    fi'
	echo '}'
	echo
	echo '_suan "$@"'
}

fish_text() { printf '%s' "$1" | sed "s/[\\\\']/\\\\&/g"; }

fish_completion() {
	echo '# fish completion for suan; made by make-completions.sh'
	commands | while IFS=$tab read -r c s; do
		echo "complete -c suan -n __fish_use_subcommand -f -a $c -d '$(fish_text "$s")'"
	done
	commands | while IFS=$tab read -r c s; do
		on="-n 'string match -q $c -- (commandline -opc)[2]'"
		command_words | sed -n "s/^$c$tab//p" | tr ' ' '\n' | while read -r verb; do
			echo "complete -c suan $on -f -a $verb"
		done
		options "$c" | while IFS=$tab read -r name letter value help; do
			words=$(option_words | sed -n "s/^$name$tab//p")
			line="complete -c suan $on -l $name"
			[ "$letter" = - ] || line="$line -s $letter"
			if [ -n "$words" ]; then
				line="$line -x -a '$words'"
			elif [ "$value" != - ]; then
				line="$line -r"
			fi
			echo "$line -d '$(fish_text "$help")'"
		done
	done
}

case $shell in
bash | zsh | fish) "${shell}_completion" ;;
*) echo "make-completions.sh: found \"$shell\", want bash, zsh or fish" >&2; exit 2 ;;
esac
