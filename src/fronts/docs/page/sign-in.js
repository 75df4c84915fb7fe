/** The form for credentials. */
import { element } from './element.js';
import { basicAuthorization } from './gateway.js';

/**
 * @param {{ basic: boolean, bearer: boolean }} offered ways that the gateway accepts; at least one
 * @param {string | undefined} complaint about what was entered before
 * @param {(authorization: string, who: string) => void} onEntered
 */
export function signInForm(offered, complaint, onEntered) {
  const form = element('form', { id: 'sign-in' });
  form.append(
    element('h2', {}, 'Sign in'),
    element(
      'p',
      {},
      'Enter what the operator of this gateway gave you. It is kept until you close or reload this page, and nowhere else.',
    ),
  );
  if (complaint !== undefined)
    form.append(element('p', { className: 'complaint', role: 'alert' }, complaint));
  const ways = [...(offered.basic ? [passwordWay()] : []), ...(offered.bearer ? [tokenWay()] : [])];
  if (ways.length > 1) form.append(chooser(ways));
  for (const [index, { fields }] of ways.entries()) {
    setUsed(fields, index === 0);
    form.append(fields);
  }
  form.append(element('button', { type: 'submit', className: 'main-button' }, 'Sign in'));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const { authorization, who } = ways.find(({ fields }) => !fields.disabled).read();
    onEntered(authorization, who);
  });
  return form;
}

function passwordWay() {
  const username = element('input', { name: 'username', autocomplete: 'username', required: true });
  const password = element('input', {
    name: 'password',
    type: 'password',
    autocomplete: 'current-password',
    required: true,
  });
  return {
    title: 'User name and password',
    fields: fieldset(labelled('User name', username), labelled('Password', password)),
    read: () => ({ authorization: basicAuthorization(username.value, password.value), who: username.value }),
  };
}

function tokenWay() {
  const token = element('input', { name: 'token', type: 'password', autocomplete: 'off', required: true });
  return {
    title: 'Token',
    fields: fieldset(labelled('Token', token)),
    read: () => ({ authorization: `Bearer ${token.value.trim()}`, who: 'a token' }),
  };
}

function chooser(ways) {
  const choice = element('div', { className: 'ways', role: 'radiogroup' });
  choice.setAttribute('aria-label', 'How to sign in');
  for (const [index, { title }] of ways.entries()) {
    const radio = element('input', { type: 'radio', name: 'way', checked: index === 0 });
    radio.addEventListener('change', () => {
      for (const [other, { fields }] of ways.entries()) setUsed(fields, other === index);
    });
    choice.append(element('label', {}, radio, title));
  }
  return choice;
}

function setUsed(fields, used) {
  fields.disabled = !used;
  fields.hidden = !used;
}

function fieldset(...content) {
  return element('fieldset', {}, ...content);
}

function labelled(title, input) {
  return element('label', {}, title, input);
}
