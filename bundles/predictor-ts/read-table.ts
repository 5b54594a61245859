/** CSV as RFC 4180 has it: quoted values may hold delimiters, line ends and doubled quotes. Empty lines are left out. */
export function readTable(text: string, delimiter: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let value = '';
  let isQuoted = false;
  const endRow = () => {
    row.push(value);
    if (row.length > 1 || value !== '') rows.push(row);
    [row, value] = [[], ''];
  };
  for (let at = text.startsWith('\uFEFF') ? 1 : 0; at < text.length; at += 1) {
    const letter = text[at];
    if (isQuoted) {
      if (letter !== '"') value += letter;
      else if (text[at + 1] === '"') {
        value += '"';
        at += 1;
      } else isQuoted = false;
    } else if (letter === '"' && value === '') isQuoted = true;
    else if (letter === delimiter) {
      row.push(value);
      value = '';
    } else if (letter === '\n') endRow();
    else if (letter !== '\r') value += letter;
  }
  if (value !== '' || row.length > 0) endRow();
  return rows;
}
