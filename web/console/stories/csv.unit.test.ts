import { formatCsv, parseCsv, withoutGuard } from './csv.ts';

const fieldsOf = (text: string) => parseCsv(text).map(({ fields }) => fields);

describe('parseCsv', () => {
  it.each([
    [
      'commas',
      'a,b\n1,2',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'semicolons',
      'a;b\n1,5;2',
      [
        ['a', 'b'],
        ['1,5', '2'],
      ],
    ],
    [
      'tabs',
      'a\tb\n1\t2',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'a byte order mark',
      '\ufeffa,b\n1,2',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'CRLF, and CR alone',
      'a,b\r\n1,2\r3,4',
      [
        ['a', 'b'],
        ['1', '2'],
        ['3', '4'],
      ],
    ],
    [
      'blank lines',
      'a,b\n\n ,\n1,2\n\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    ['empty fields', 'a,,b\n,,', [['a', '', 'b']]],
    [
      'an empty field at the end of the file',
      'a,b\n1,',
      [
        ['a', 'b'],
        ['1', ''],
      ],
    ],
    ['quotes', '"a,b","say ""hi"""', [['a,b', 'say "hi"']]],
    [
      'line breaks in quotes',
      '"a\r\nb",c\nd,e',
      [
        ['a\r\nb', 'c'],
        ['d', 'e'],
      ],
    ],
    ['text behind a quote', '"a"b,c', [['ab', 'c']]],
    ['a quote that is never closed', 'a,"b\nc', [['a', 'b\nc']]],
    ['nothing', '', []],
  ])('reads %s', (_what, text, records) => {
    expect(fieldsOf(text)).toEqual(records);
  });

  it('knows the line on which a record begins', () => {
    expect(parseCsv('a,b\n\n"x\ny",1\r\nz,2').map(({ line }) => line)).toEqual([1, 3, 5]);
  });
});

describe('formatCsv', () => {
  it('gives back what it wrote, and lets no spreadsheet run a text', () => {
    const rows = [
      ['SKU', 'Name', 'Units'],
      ['MUG-BLUE', 'Mug, "blue"\nlarge', 3],
      ['-X', '=HYPERLINK("http://example.org")', -4],
      [' padded ', '@here', 0],
    ];
    const text = formatCsv(rows);
    expect(text).toContain(`"'=HYPERLINK(""http://example.org"")"`);
    expect(text).toContain("'-X,");
    expect(fieldsOf(text).map((fields) => fields.map(withoutGuard))).toEqual(rows.map((row) => row.map(String)));
  });
});
