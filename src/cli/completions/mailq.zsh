#compdef mailq
# zsh completion for mailq; printed by `mailq completions zsh`.
#
# No process is started but for ids, tags and relays.

#TABLES#

# Offers the lines `word TAB meaning` of $2 as matches of kind $1.
_mailq_describe() {
  local -a words=() shown=()
  local line
  for line in "${(@f)2}"; do
    [[ -n $line ]] || continue
    words+=("${line%%$'\t'*}")
    if [[ $line == *$'\t'* ]]; then
      shown+=("${(r:26:)line%%$'\t'*}  ${line#*$'\t'}")
    else
      shown+=("$line")
    fi
  done
  ((${#words})) || return 1
  local -a lines=(-l)
  [[ $2 == *$'\t'* ]] || lines=()
  # In the order given: the newest first.
  _wanted -V "$1" expl "$1" compadd $lines -d shown -a words
}

# Asks the program for the values of kind $1 that begin as the current word does.
_mailq_ask() {
  _mailq_describe "$1" \
    "$("$program" "${globals[@]}" completions "$1" "${(Q)PREFIX}" "$mailq_path" 2>/dev/null)"
}

# Offers the values of source $1.
_mailq_offer() {
  case $1 in
    files) _files ;;
    folders) _files -/ ;;
    programs) _command_names -e ;;
    users) _users ;;
    ids | tags | relays) _mailq_ask "$1" ;;
    "words "*) _mailq_describe words "${(F)${(s: :)${1#words }}}" ;;
    "list "*)
      compset -P '*,'
      _mailq_describe words "${(F)${(s: :)${1#list }}}"
      ;;
    *) _message 'a value' ;;
  esac
}

_mailq() {
  local -a globals=()
  # `path` is zsh's own.
  local word mailq_path= option= ended= seen= _mailq_found current expl
  local program=${~${words[1]}}
  integer i
  for ((i = 2; i < CURRENT; i++)); do
    word=${(Q)words[i]}
    if [[ -n $option ]]; then
      [[ $option == --queue || $option == --config ]] && globals+=("$option" "${~word}")
      option=
    elif [[ -n $ended$seen ]] && [[ $word != -* || -n $ended ]]; then
      seen=1
    elif [[ $word == -- ]]; then
      ended=1
    elif [[ $word == --queue=* || $word == --config=* ]]; then
      globals+=("$word")
    elif [[ $word == -* ]]; then
      if [[ $word != *=* ]] && { _mailq_value "$mailq_path $word" || _mailq_value "* $word"; }; then
        option=$word
      fi
    elif [[ -n $mailq_path ]] && ! _mailq_commands "$mailq_path"; then
      seen=1
      # From there on it is the other program's command line.
      [[ $mailq_path == tx ]] && ended=1
    else
      mailq_path=${mailq_path:+$mailq_path }$word
      [[ $mailq_path == sendmail ]] && ended=1
    fi
  done

  current=$PREFIX
  if [[ -n $option ]]; then
    _mailq_value "$mailq_path $option" || _mailq_value "* $option"
    _mailq_offer "$_mailq_found"
  elif [[ -z $ended && $current == --*=* ]]; then
    option=${current%%=*}
    if _mailq_value "$mailq_path $option" || _mailq_value "* $option"; then
      compset -P '*='
      _mailq_offer "$_mailq_found"
    fi
  elif [[ -z $ended && $current == -* ]]; then
    local lines=
    _mailq_options "$mailq_path" && lines=$_mailq_found$'\n'
    _mailq_options '*' && lines+=$_mailq_found
    _mailq_describe options "$lines"
  elif [[ -z $ended$seen ]] && _mailq_commands "$mailq_path"; then
    _mailq_describe commands "$_mailq_found"
  elif _mailq_argument "$mailq_path"; then
    [[ $_mailq_found == programs && -n $seen ]] && _mailq_found=files
    _mailq_offer "$_mailq_found"
  fi
}

# Read by `source` it makes itself known; found in $fpath it is the function's first call.
if [[ $funcstack[1] == _mailq ]]; then
  _mailq "$@"
else
  compdef _mailq mailq
fi
