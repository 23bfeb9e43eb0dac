/**
 * Runs in the page: measures `50 rows` and `100 rows`, each from the arrival of the orders to the layout of the list that has them. The
 * time is that of Query, React and the layout together. A script of text, as it has no types of a browser here.
 */
export const watchRows: string = `
  let arrivedAt = 0;
  const send = window.fetch;
  window.fetch = async (...args) => {
    const response = await send(...args);
    const read = response.text.bind(response);
    response.text = async () => {
      const text = await read();
      if (/[/]orders[?]/.test(response.url)) arrivedAt = performance.now();
      return text;
    };
    return response;
  };
  const measured = new Set();
  new MutationObserver(() => {
    const rows = document.querySelectorAll('main tbody tr').length;
    if ((rows !== 50 && rows !== 100) || measured.has(rows)) return;
    measured.add(rows);
    document.querySelector('main tbody').getBoundingClientRect();
    performance.measure(rows + ' rows', { start: arrivedAt, end: performance.now() });
  }).observe(document, { childList: true, subtree: true });
`;
