// Splits SQL text into statements, at semicolons, as sqlite3_complete() does: not inside strings, quoted names, comments or
// trigger bodies (those end with `; END ;`). Statements that hold nothing but comments are left out.

const TOKEN = new RegExp([
  /\s+|--[^\n]*|\/\*.*?(?:\*\/|$)/, // space and comments
  /'[^']*(?:''[^']*)*'|"[^"]*(?:""[^"]*)*"|`[^`]*`|\[[^\]]*\]/, // strings and quoted names
  /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|\?\d*|;/, // words, parameters, the end of a statement
  /[^\s\w;?'"`[\-/\u0080-\uffff]+|./, // all the rest
].map((r) => r.source).join("|"), "gs");

// Parameters go to the statement that names them: `?` takes the next one, `?3` the third counted from the statement's first.
export function split(sql, params = []) {
  const found = [];
  let from = 0, taken = 0;
  let words, trigger, named, unnamed;
  const begin = () => { words = []; trigger = false; named = unnamed = 0; };
  const end = (at) => {
    if (words.length > 0) {
      const count = Math.max(named, unnamed);
      found.push({ sql: sql.slice(from, at), params: params.slice(taken, taken + count) });
      taken += count;
    }
    from = at;
    begin();
  };

  begin();
  for (const { 0: token, index } of sql.matchAll(TOKEN)) {
    if (/^(\s|--|\/\*)/.test(token)) continue;
    if (token === ";" && (!trigger || (words.at(-1) === "END" && words.at(-2) === ";"))) {
      end(index + 1);
      continue;
    }
    if (token === "?") unnamed++;
    else if (token[0] === "?") named = Math.max(named, Number(token.slice(1)));
    if (words.length < 4 || trigger) words.push(token.toUpperCase());
    if (!trigger && /^(EXPLAIN )?CREATE (TEMP |TEMPORARY )?TRIGGER$/.test(words.join(" "))) trigger = true;
  }
  end(sql.length);
  // Too many or too few: the engine says so itself, if it is given them all.
  if (found.length === 1) found[0].params = params;
  return found;
}
