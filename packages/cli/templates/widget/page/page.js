// The line to the page that holds this widget: calls go to operations of this bundle, as the user who looks at it.
import { connectWidget } from '/api/integrations/widgets/bridge.js';

const count = document.querySelector('#count');
const fault = document.querySelector('#fault');
const bridge = await connectWidget();

const show = (answer) => {
  count.textContent = String(answer.count);
};

const attempt = async (call) => {
  try {
    show(await call());
    fault.textContent = '';
  } catch (error) {
    fault.textContent = error.message;
  }
};

const read = () => attempt(() => bridge.queryOperation('read'));

document
  .querySelector('#press')
  .addEventListener('click', () => attempt(() => bridge.callOperation('press')));
// Somebody else pressed it; `stale` when updates may have been missed.
bridge.onUpdate(({ type, data }) => (type === 'stale' ? void read() : show(data)));
await read();
