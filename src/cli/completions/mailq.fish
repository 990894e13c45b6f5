# fish completion for mailq; printed by `mailq completions fish`.
#
# No process is started but for ids, tags and relays.

#TABLES#

# Prints the lines of source $argv[1] for a value of which $argv[2] is typed.
function __mailq_offer
    switch $argv[1]
        case files
            __fish_complete_path $argv[2]
        case folders
            __fish_complete_directories $argv[2] ''
        case programs
            __fish_complete_command
        case users
            __fish_complete_users
        case ids tags relays
            $__mailq_program $__mailq_globals completions $argv[1] \
                (string unescape -- "$argv[2]"; or echo) "$__mailq_path" 2>/dev/null
        case 'words *'
            string split ' ' (string replace 'words ' '' -- $argv[1])
        case 'list *'
            set -l done (string match -r '.*,' -- $argv[2])
            for word in (string split ' ' (string replace 'list ' '' -- $argv[1]))
                echo "$done$word"
            end
    end
end

function __mailq_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -g __mailq_program $words[1]
    set -g __mailq_globals
    set -g __mailq_path ''
    set -l option ''
    set -l ended ''
    set -l seen ''
    for word in $words[2..]
        if test -n "$option"
            contains -- $option --queue --config; and set -a __mailq_globals $option $word
            set option ''
        else if test -n "$ended"; or begin
                test -n "$seen"; and not string match -q -- '-*' $word
            end
            set seen 1
        else if test "$word" = --
            set ended 1
        else if string match -qr -- '^--(queue|config)=' $word
            set -a __mailq_globals $word
        else if string match -q -- '-*' $word
            if not string match -q -- '*=*' $word
                __mailq_value "$__mailq_path $word" >/dev/null; or __mailq_value "every $word" >/dev/null
                and set option $word
            end
        else if test -n "$__mailq_path"; and not __mailq_commands $__mailq_path >/dev/null
            set seen 1
            # From there on it is the other program's command line.
            test $__mailq_path = tx; and set ended 1
        else
            set __mailq_path (string trim -- "$__mailq_path $word")
            test $__mailq_path = sendmail; and set ended 1
        end
    end

    if test -n "$option"
        set -l found (__mailq_value "$__mailq_path $option"; or __mailq_value "every $option")
        __mailq_offer $found "$current"
    else if test -z "$ended"; and string match -qr -- '^--[^=]+=' $current
        set -l parts (string split -m 1 = -- $current)
        set -l found (__mailq_value "$__mailq_path $parts[1]"; or __mailq_value "every $parts[1]")
        and for line in (__mailq_offer $found "$parts[2]")
            echo $parts[1]=$line
        end
    else if test -z "$ended"; and string match -q -- '-*' $current
        __mailq_options "$__mailq_path"
        __mailq_options every
    else if test -z "$ended$seen"; and __mailq_commands "$__mailq_path"
        return
    else if set -l found (__mailq_argument "$__mailq_path")
        test $found = programs -a -n "$seen"; and set found files
        __mailq_offer $found "$current"
    end
    return 0
end

complete -c mailq -e
complete -c mailq -f -k -a '(__mailq_complete)'
