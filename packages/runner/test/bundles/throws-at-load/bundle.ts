throw new Error('bad at heart');
