# Fails unless every row of units.tsv is whole, its factor is positive and its names are its own.
BEGIN { FS = "\t" }
/^#/ { next }
NF != 5 { fail("has " NF " fields, not 5") }
$4 <= 0 { fail("has no positive factor") }
seen[$1]++ { fail("is a symbol that another row has") }
$1 != $2 && seen[$2]++ { fail("is a name that another row has") }
{ rows++ }
END {
    if (rows < 50) { print "only " rows + 0 " units"; bad = 1 }
    exit bad
}
function fail(why) { print FILENAME ":" FNR ": `" $1 "` " why; bad = 1 }
