/** Swagger UI on a prepared document, without the parts that this page does itself, and with texts as text. */
import { authorizeRequest } from './gateway.js';
import { createPlainText } from './plain-text.js';
import { createResultBody } from './result.js';

/** Operations beyond which the groups start closed. */
const MANY_OPERATIONS = 100;

export function showDocument(domNode, spec) {
  // Set by swagger-ui-bundle.js, which the page loads before its modules.
  const { SwaggerUIBundle } = globalThis;
  SwaggerUIBundle({
    domNode,
    spec,
    presets: [SwaggerUIBundle.presets.apis],
    plugins: [ownParts],
    layout: 'BaseLayout',
    deepLinking: true,
    docExpansion: Object.keys(spec.paths).length > MANY_OPERATIONS ? 'none' : 'list',
    defaultModelsExpandDepth: -1,
    displayRequestDuration: true,
    tryItOutEnabled: true,
    validatorUrl: null,
    syntaxHighlight: { activated: false },
    requestInterceptor: authorizeRequest,
  });
}

function ownParts({ React }) {
  const nothing = () => () => null;
  const text = createPlainText(React);
  const result = createResultBody(React);
  // A link of a server's choosing is shown and not followed.
  const address = ({ children, href }) => React.createElement('span', null, children ?? href);
  return {
    wrapComponents: {
      InfoContainer: nothing,
      ServersContainer: nothing,
      SchemesContainer: nothing,
      Link: () => address,
      Markdown: () => text,
      responseBody: () => result,
      curl: (Curl) => (props) =>
        React.createElement(Curl, { ...props, request: withoutSecret(props.request) }),
    },
  };
}

/** What is shown may be photographed, or pasted somewhere. */
function withoutSecret(request) {
  const authorization = request.getIn(['headers', 'Authorization']);
  if (authorization === undefined) return request;
  const [scheme] = authorization.split(' ', 1);
  return request.setIn(['headers', 'Authorization'], `${scheme} <your credentials>`);
}
