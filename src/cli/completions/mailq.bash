# bash completion for mailq; printed by `mailq completions bash`.
#
# No process is started but for ids, tags and relays. What another user's mail says of itself is
# never evaluated: `compgen -W` would do that, so it is not used.

#TABLES#

# Adds the lines of $2 that begin with $1; what stands behind a tab is left out.
_mailq_match() {
  local line
  while IFS= read -r line; do
    line=${line%%$'\t'*}
    [[ -n $line && $line == "$1"* ]] && COMPREPLY+=("$line")
  done <<<"$2"
}

# Asks the program for the values of kind $1 that begin with $2; the newest 50 of ids come with
# their subjects, shown but never inserted.
_mailq_ask() {
  local -a lines=()
  local line asked="$1 $2 $path ${globals[*]}"
  # The second TAB asks the same again.
  if [[ $asked != "$_mailq_asked" || $SECONDS -gt $((_mailq_asked_at + 5)) ]]; then
    _mailq_answer=$("$program" "${globals[@]}" completions "$1" "${2//\\/}" "$path" 2>/dev/null)
    _mailq_asked=$asked _mailq_asked_at=$SECONDS
  fi
  while IFS= read -r line; do [[ -n $line ]] && lines+=("$line"); done <<<"$_mailq_answer"
  # A menu inserts what it shows.
  local shows=
  ((${#lines[@]} > 1 && COMP_TYPE != 37 && COMP_TYPE != 42)) && shows=1
  for line in "${lines[@]}"; do
    if [[ $line != *$'\t'* ]]; then
      COMPREPLY+=("$(printf '%q' "$line")")
    elif [[ $shows ]]; then
      COMPREPLY+=("${line/$'\t'/  }")
      compopt -o nosort 2>/dev/null
    else
      COMPREPLY+=("${line%%$'\t'*}")
    fi
  done
}

# Offers the values of source $1 that begin with $2.
_mailq_offer() {
  local line done
  case $1 in
    files | folders)
      compopt -o filenames 2>/dev/null
      local kind=-f
      [[ $1 == folders ]] && kind=-d
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen $kind -- "$2")
      ;;
    programs) while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -c -- "$2") ;;
    users) while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -u -- "$2") ;;
    ids | tags | relays) _mailq_ask "$1" "$2" ;;
    "words "*)
      line=${1#words }
      _mailq_match "$2" "${line// /$'\n'}"
      ;;
    "list "*)
      done=${2%"${2##*,}"}
      line=${1#list }
      _mailq_match "$2" "$done${line// /$'\n'"$done"}"
      ;;
  esac
}

_mailq() {
  COMPREPLY=()
  local -a words=() globals=()
  local word current path= option= ended= seen= _mailq_found program i
  # bash parts words at = and :, too.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if ((i > 1)) && [[ $word == [=:]* || ${COMP_WORDS[i - 1]} == [=:] ]]; then
      words[${#words[@]}-1]+=$word
    else
      words+=("$word")
    fi
  done
  program=${words[0]/#\~/$HOME}
  current=${words[${#words[@]}-1]}

  for ((i = 1; i < ${#words[@]} - 1; i++)); do
    word=${words[i]}
    if [[ $option ]]; then
      [[ $option == --queue || $option == --config ]] && globals+=("$option" "$word")
      option=
    elif [[ $ended || $seen ]] && [[ $word != -* || $ended ]]; then
      seen=1
    elif [[ $word == -- ]]; then
      ended=1
    elif [[ $word == --queue=* || $word == --config=* ]]; then
      globals+=("$word")
    elif [[ $word == -* ]]; then
      if [[ $word != *=* ]] && { _mailq_value "$path $word" || _mailq_value "* $word"; }; then
        option=$word
      fi
    elif [[ $path ]] && ! _mailq_commands "$path"; then
      seen=1
      # From there on it is the other program's command line.
      [[ $path == tx ]] && ended=1
    else
      path=${path:+$path }$word
      [[ $path == sendmail ]] && ended=1
    fi
  done

  if [[ $option ]]; then
    _mailq_value "$path $option" || _mailq_value "* $option"
    _mailq_offer "$_mailq_found" "$current"
  elif [[ ! $ended && $current == --*=* ]]; then
    option=${current%%=*}
    if _mailq_value "$path $option" || _mailq_value "* $option"; then
      _mailq_offer "$_mailq_found" "${current#*=}"
    fi
  elif [[ ! $ended && $current == -* ]]; then
    _mailq_options "$path" && _mailq_match "$current" "$_mailq_found"
    _mailq_options '*' && _mailq_match "$current" "$_mailq_found"
  elif [[ ! $ended && ! $seen ]] && _mailq_commands "$path"; then
    _mailq_match "$current" "$_mailq_found"
  elif _mailq_argument "$path"; then
    [[ $_mailq_found == programs && $seen ]] && _mailq_found=files
    _mailq_offer "$_mailq_found" "$current"
  fi

  # What stands before the last = or : is not bash's to insert again, unless it was told so.
  local last=${COMP_WORDS[COMP_CWORD]} kept= told=
  if [[ $last == --*=* && ! $ended ]]; then
    told=${last%%=*}=
  else
    [[ $last == [=:] ]] && last=
    kept=${current%"$last"}
    [[ $current == --*=* && ! $ended ]] && kept=${kept#*=}
  fi
  for i in "${!COMPREPLY[@]}"; do COMPREPLY[i]=$told${COMPREPLY[i]#"$kept"}; done
}

complete -F _mailq mailq
