import { useState } from 'react';
import { Field } from './field.tsx';

interface TextFilterProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
}

/** A filter of a list that people type. It applies when its field is left or Enter is pressed. */
export function TextFilter({ label, value, onChange }: TextFilterProps) {
  const [text, setText] = useState(value);
  const apply = () => text.trim() !== value && onChange(text.trim());
  return (
    <Field
      label={label}
      value={text}
      onChange={setText}
      onBlur={apply}
      onKeyDown={({ key }) => key === 'Enter' && apply()}
    />
  );
}
