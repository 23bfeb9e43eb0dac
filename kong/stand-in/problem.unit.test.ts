import { chooseFormat, compileTemplate, createProblemRenderer, nginxRefusals } from './problem.ts';

describe('compileTemplate', () => {
  it.each([
    ['{"title":"%s","traceId":"%s"}', '{"title":"Bad request","traceId":"f00"}'],
    ['{"title":"Refused","traceId":"%.0s%s"}', '{"title":"Refused","traceId":"f00"}'],
    ['100%% %s\n', '100% Bad request\n'],
  ])('fills in %j', (template, body) => {
    expect(compileTemplate(template)('Bad request', 'f00')).toBe(body);
  });

  it.each(['%s %s %s', '%d', '50% of %s'])('refuses %j, at which Kong would fail for every refusal', (template) => {
    expect(() => compileTemplate(template)).toThrow(/error template/);
  });
});

describe('chooseFormat', () => {
  it.each([
    [undefined, 'json'],
    ['*/*', 'json'],
    ['application/json', 'json'],
    ['application/problem+json', 'json'],
    ['application/*', 'json'],
    ['image/png', 'json'],
    ['nonsense', 'json'],
    ['text/html', 'html'],
    ['text/html, application/json', 'html'],
    ['application/json, text/html', 'json'],
    ['application/json;q=0.5, text/html;q=0.9', 'html'],
    ['text/html;level=1;q=0.2, application/xml;q=0.3', 'xml'],
    ['text/html;q=0', 'json'],
    ['text/plain', 'plain'],
    ['text/*', 'plain'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'html'],
  ])('%s gives %s', (accept, format) => {
    expect(chooseFormat(accept)).toBe(format);
  });
});

describe('createProblemRenderer', () => {
  const render = createProblemRenderer('{"title":"%s","traceId":"%s"}');

  it('uses the content type of the request only for errors of nginx without Accept', () => {
    const headers = ['content-type', 'text/plain'];
    expect(render(nginxRefusals.payloadTooLarge, 'f00', headers)).toEqual({
      contentType: 'text/plain; charset=utf-8',
      body: 'Payload too large\nrequest_id: f00\n',
    });
    expect(render({ status: 401, message: 'Unauthorized' }, 'f00', headers).body).toBe(
      '{"title":"Unauthorized","traceId":"f00"}',
    );
    expect(render(nginxRefusals.badGateway, 'f00', ['accept', '*/*', ...headers]).contentType).toMatch(/json/);
  });
});
