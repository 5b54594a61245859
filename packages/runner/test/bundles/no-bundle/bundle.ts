export default { id: 'no-bundle' };
